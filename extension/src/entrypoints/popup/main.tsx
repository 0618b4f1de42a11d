import '../../ui/theme.css'
import './popup.css'
import { render } from 'preact'
import { lookAhead } from '../../ui/first_look.ts'
import { speak } from '../../ui/text.ts'
import { Popup } from './popup.tsx'

lookAhead() // the way to the background and back is longer than what is drawn meanwhile
speak('Deskbell')
const root = document.getElementById('root')
if (root) {
  root.textContent = '' // the header that stood there while the script came
  render(<Popup />, root)
}
